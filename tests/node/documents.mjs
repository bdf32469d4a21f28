// The operations of the account flow, as an app would write them.
const ERRORS = `errors { __typename code message field
  ... on CodeError { attemptsRemaining } ... on RateLimitedError { retryAfterSeconds } }`;

export const CREATE_CAPTCHA = `mutation CreateCaptcha {
  createCaptcha { captcha { id image audioUrl expiresAt } ${ERRORS} } }`;

export const SEND_SMS_CODE = `mutation SendSmsCode($input: SendSmsCodeInput!) {
  sendSmsCode(input: $input) { resendAvailableAt expiresAt ${ERRORS} } }`;

export const REGISTER = `mutation Register($input: RegisterInput!) {
  register(input: $input) { account { id mobile name } session { expiresAt token } ${ERRORS} } }`;

export const ME = `query Me { me { id mobile name avatarUrl createdAt } }`;

export const UPDATE_NAME = `mutation UpdateName($input: UpdateNameInput!) {
  updateName(input: $input) { account { id name } ${ERRORS} } }`;

export const UPLOAD_AVATAR = `mutation UploadAvatar($input: UploadAvatarInput!) {
  uploadAvatar(input: $input) { account { id avatarUrl } ${ERRORS} } }`;

export const SUBMIT_AUTH = `mutation SubmitAuth($input: SubmitAuthInput!) {
  submitAuth(input: $input) { authInfo { realName idNumber submittedAt } ${ERRORS} } }`;

export const AUTH_INFO = `query AuthInfo { authInfo { realName idNumber submittedAt } }`;

export const LOGOUT = `mutation Logout { logout { ${ERRORS} } }`;

export const UNKNOWN_FIELD = `query Unknown { me { nothingOfTheKind } }`;
