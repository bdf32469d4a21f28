// The operations of the account flow, as an app would write them.
const ERRORS = `errors { __typename code message field
  ... on CodeError { attemptsRemaining } ... on RateLimitedError { retryAfterSeconds }
  ... on ReauthenticationRequiredError { methods } }`;
const SIGNED_IN = `account { id mobile name } me { id } session { expiresAt token } ${ERRORS}`;

export const CREATE_CAPTCHA = `mutation CreateCaptcha {
  createCaptcha { captcha { id image audioUrl expiresAt } ${ERRORS} } }`;

export const SEND_SMS_CODE = `mutation SendSmsCode($input: SendSmsCodeInput!) {
  sendSmsCode(input: $input) { resendAvailableAt resendAfterSeconds expiresAt expiresAfterSeconds ${ERRORS} } }`;

export const REGISTER = `mutation Register($input: RegisterInput!) {
  register(input: $input) { ${SIGNED_IN} } }`;

export const LOGIN = `mutation Login($input: LoginInput!) { login(input: $input) { ${SIGNED_IN} } }`;

export const LOGIN_WITH_SMS_CODE = `mutation LoginWithSmsCode($input: LoginWithSmsCodeInput!) {
  loginWithSmsCode(input: $input) { isNewAccount ${SIGNED_IN} } }`;

export const REAUTHENTICATE = `mutation Reauthenticate($input: ReauthenticateInput!) {
  reauthenticate(input: $input) { authenticatedUntil authenticatedForSeconds ${SIGNED_IN} } }`;

export const CHANGE_PASSWORD = `mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) { ${SIGNED_IN} } }`;

export const RESET_PASSWORD = `mutation ResetPassword($input: ResetPasswordInput!) {
  resetPassword(input: $input) { me { id } ${ERRORS} } }`;

export const SESSIONS = `query Sessions {
  me { id sessions { id isCurrent createdAt lastUsedAt expiresAt method deviceName address } } }`;

export const REVOKE_SESSION = `mutation RevokeSession($input: RevokeSessionInput!) {
  revokeSession(input: $input) { me { id } ${ERRORS} } }`;

export const REVOKE_OTHER_SESSIONS = `mutation RevokeOtherSessions {
  revokeOtherSessions { me { id } ${ERRORS} } }`;

export const NODE = `query Node($id: ID!) { node(id: $id) { __typename id } }`;

export const ME = `query Me { me { id mobile name avatarUrl createdAt } }`;

export const UPDATE_NAME = `mutation UpdateName($input: UpdateNameInput!) {
  updateName(input: $input) { account { id name } ${ERRORS} } }`;

export const UPLOAD_AVATAR = `mutation UploadAvatar($input: UploadAvatarInput!) {
  uploadAvatar(input: $input) { account { id avatarUrl } ${ERRORS} } }`;

export const SUBMIT_AUTH = `mutation SubmitAuth($input: SubmitAuthInput!) {
  submitAuth(input: $input) { account { id } authInfo { realName idNumber submittedAt } ${ERRORS} } }`;

export const AUTH_INFO = `query AuthInfo { authInfo { realName idNumber submittedAt } }`;

export const LOGOUT = `mutation Logout { logout { me { id } ${ERRORS} } }`;

export const UNKNOWN_FIELD = `query Unknown { me { nothingOfTheKind } }`;
