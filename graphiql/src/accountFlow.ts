/** The account flow as data: one step is one ready tab. */

export type FactName = "captchaId" | "captchaText" | "mobile" | "smsCode" | "password" | "newPassword" | "sessionId";

export interface Step {
  /** The operation's name: GraphiQL shows it on the tab, and a tab is found again by it. */
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly query: string;
  readonly variables: string;
  /** What this step's variables have in common with other steps', and where in the variables it stands. */
  readonly facts: Partial<Record<FactName, readonly string[]>>;
  /** Without a tab at first: it is opened from the list of steps, or by a code for its purpose. */
  readonly isLater?: true;
}

const ERRORS = `    errors {
      code
      message
      field
      ... on CodeError {
        attemptsRemaining
      }
      ... on RateLimitedError {
        retryAfterSeconds
      }
      ... on ReauthenticationRequiredError {
        methods
      }
    }`;

const ACCOUNT = `    account {
      id
      mobile
      name
      avatarUrl
    }`;

function variables(value: object): string {
  return JSON.stringify(value, null, 2);
}

const MOBILE = "18736008450";
const PASSWORD = "four words by train";
const NEW_PASSWORD = "five more words by boat";

export const STEPS: readonly Step[] = [
  {
    name: "Captcha",
    label: "Captcha",
    hint: "Ask for a picture with four characters. It is shown below the response.",
    query: `# 1. Ask for a picture to read.
#    It is shown below the response.
#    The previous one becomes void.
mutation Captcha($previousId: ID) {
  createCaptcha(input: { previousId: $previousId }) {
    captcha {
      id
      image
      audioUrl
      expiresAt
    }
${ERRORS}
  }
}
`,
    variables: variables({ previousId: null }),
    facts: { captchaId: ["previousId"] },
  },
  {
    name: "SmsCode",
    label: "SMS code",
    hint: "Send six digits to a mobile, for the text in the picture. The purpose says what they are good for.",
    query: `# 2. Send a code to the mobile.
#    This spends the picture's text,
#    be it right or wrong. Purposes are
#    REGISTER, LOGIN, RESET_PASSWORD
#    and REAUTHENTICATE.
mutation SmsCode($input: SendSmsCodeInput!) {
  sendSmsCode(input: $input) {
    resendAfterSeconds
    expiresAfterSeconds
${ERRORS}
  }
}
`,
    variables: variables({ input: { mobile: MOBILE, captchaId: "", captchaText: "", purpose: "REGISTER" } }),
    facts: {
      captchaId: ["input", "captchaId"],
      captchaText: ["input", "captchaText"],
      mobile: ["input", "mobile"],
    },
  },
  {
    name: "Register",
    label: "Register",
    hint: "Make the account. It signs in at once.",
    query: `# 3. Make the account. The session
#    comes as a cookie, which this page
#    sends from now on.
mutation Register($input: RegisterInput!) {
  register(input: $input) {
${ACCOUNT}
    session {
      expiresAt
    }
${ERRORS}
  }
}
`,
    variables: variables({ input: { mobile: MOBILE, smsCode: "", password: PASSWORD } }),
    facts: { mobile: ["input", "mobile"], smsCode: ["input", "smsCode"], password: ["input", "password"] },
  },
  {
    name: "Me",
    label: "Me",
    hint: "Read the signed-in account, or null.",
    query: `# 4. Who is signed in?
#    Null when nobody is.
query Me {
  me {
    id
    mobile
    name
    avatarUrl
    createdAt
    authInfo {
      realName
      idNumber
      submittedAt
    }
  }
}
`,
    variables: "",
    facts: {},
  },
  {
    name: "Rename",
    label: "Rename",
    hint: "Change the account's name, which nobody else may have.",
    query: `# 5. Change the account's name.
mutation Rename($input: UpdateNameInput!) {
  updateName(input: $input) {
${ACCOUNT}
${ERRORS}
  }
}
`,
    variables: variables({ input: { name: "张三" } }),
    facts: {},
  },
  {
    name: "Avatar",
    label: "Avatar",
    hint: "Upload a picture: choose the file at the right, then run.",
    query: `# 6. Choose a picture (JPEG, PNG, WebP
#    or GIF) at the right, then run.
mutation Avatar($input: UploadAvatarInput!) {
  uploadAvatar(input: $input) {
${ACCOUNT}
${ERRORS}
  }
}
`,
    variables: variables({ input: { image: null } }),
    facts: {},
  },
  {
    name: "RealName",
    label: "Real-name record",
    hint: "Submit real name and ID number: once, for ever.",
    query: `# 7. Submit the real-name record.
#    Once, for ever: a second one
#    is refused.
mutation RealName($input: SubmitAuthInput!) {
  submitAuth(input: $input) {
    authInfo {
      realName
      idNumber
      submittedAt
    }
${ERRORS}
  }
}
`,
    variables: variables({ input: { realName: "张三", idNumber: "11010519491231002X" } }),
    facts: {},
  },
  {
    name: "SignOut",
    label: "Sign out",
    hint: "End the session, at the server.",
    query: `# 8. End the session. The cookie is
#    worth nothing from then on.
mutation SignOut {
  logout {
${ERRORS}
  }
}
`,
    variables: "",
    facts: {},
  },
  {
    name: "SignIn",
    label: "Sign in",
    hint: "And in again, with mobile and password.",
    query: `# 9. Sign in again.
mutation SignIn($input: LoginInput!) {
  login(input: $input) {
${ACCOUNT}
    session {
      expiresAt
    }
${ERRORS}
  }
}
`,
    variables: variables({ input: { mobile: MOBILE, password: PASSWORD } }),
    facts: { mobile: ["input", "mobile"], password: ["input", "password"] },
  },
  {
    name: "Sessions",
    label: "Sessions",
    hint: "Where the account is signed in, and what happened to it lately.",
    isLater: true,
    query: `# Where is the account signed in, and
# what happened to it lately?
query Sessions {
  me {
    id
    sessions {
      id
      isCurrent
      deviceName
      address
      method
      lastUsedAt
    }
    securityEvents {
      at
      message
    }
  }
}
`,
    variables: "",
    facts: {},
  },
  {
    name: "EndSession",
    label: "End a session",
    hint: "One of the list, by its id; its client is signed out at once.",
    isLater: true,
    query: `# End one of the sessions.
mutation EndSession($input: RevokeSessionInput!) {
  revokeSession(input: $input) {
    me {
      id
    }
${ERRORS}
  }
}
`,
    variables: variables({ input: { id: "" } }),
    facts: { sessionId: ["input", "id"] },
  },
  {
    name: "Prove",
    label: "Prove who you are",
    hint: "Once more, with the password or a code for REAUTHENTICATE: some deeds ask for it.",
    isLater: true,
    query: `# Prove once more who you are: with the
# password, or with smsCode, a code for
# REAUTHENTICATE.
mutation Prove($input: ReauthenticateInput!) {
  reauthenticate(input: $input) {
    authenticatedForSeconds
${ERRORS}
  }
}
`,
    variables: variables({ input: { password: PASSWORD } }),
    facts: { password: ["input", "password"] },
  },
  {
    name: "NewPassword",
    label: "New password",
    hint: "Change the password. The account's other sessions end.",
    isLater: true,
    query: `# Change the password.
# Other sessions end.
mutation NewPassword($input: ChangePasswordInput!) {
  changePassword(input: $input) {
${ACCOUNT}
${ERRORS}
  }
}
`,
    variables: variables({ input: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD } }),
    facts: { password: ["input", "currentPassword"], newPassword: ["input", "newPassword"] },
  },
  {
    name: "SmsSignIn",
    label: "Sign in by SMS",
    hint: "With a code for LOGIN, without a password.",
    isLater: true,
    query: `# Sign in with a code that was sent
# for the purpose LOGIN.
mutation SmsSignIn($input: LoginWithSmsCodeInput!) {
  loginWithSmsCode(input: $input) {
    isNewAccount
${ACCOUNT}
${ERRORS}
  }
}
`,
    variables: variables({ input: { mobile: MOBILE, smsCode: "" } }),
    facts: { mobile: ["input", "mobile"], smsCode: ["input", "smsCode"] },
  },
  {
    name: "ResetPassword",
    label: "Forgotten password",
    hint: "Set another one with a code for RESET_PASSWORD. All sessions end.",
    isLater: true,
    query: `# Set another password with a code for
# RESET_PASSWORD. Then sign in with it.
mutation ResetPassword($input: ResetPasswordInput!) {
  resetPassword(input: $input) {
    me {
      id
    }
${ERRORS}
  }
}
`,
    variables: variables({ input: { mobile: MOBILE, smsCode: "", newPassword: NEW_PASSWORD } }),
    facts: { mobile: ["input", "mobile"], smsCode: ["input", "smsCode"], newPassword: ["input", "newPassword"] },
  },
];

/** The steps that have a tab at first. */
export const FIRST_STEPS = STEPS.filter((step) => step.isLater !== true);

/** The step that asks for a code, by the code's purpose as the outbox has it. */
const STEP_OF_PURPOSE: Readonly<Record<string, string>> = {
  login: "SmsSignIn",
  reset_password: "ResetPassword",
  reauthenticate: "Prove",
};

export function stepForPurpose(purpose: string): string {
  return STEP_OF_PURPOSE[purpose] ?? "Register";
}

/** Where a refusal leads: the step that mends it. */
const MENDS: Readonly<Record<string, { readonly step: string; readonly text: string }>> = {
  CAPTCHA_EXPIRED: { step: "Captcha", text: "Ask for a new picture" },
  CAPTCHA_WRONG: { step: "Captcha", text: "Ask for a new picture" },
  SMS_CODE_EXPIRED: { step: "Captcha", text: "Ask for a new code: a picture first" },
  MOBILE_TAKEN: { step: "SignIn", text: "This mobile has an account: sign in →" },
  UNAUTHENTICATED: { step: "SignIn", text: "Sign in first →" },
  ACCOUNT_NOT_FOUND: { step: "Register", text: "Nobody has this mobile: register →" },
  REAUTHENTICATION_REQUIRED: { step: "Prove", text: "Prove who you are first →" },
  SESSION_NOT_FOUND: { step: "Sessions", text: "See the list →" },
};

export function mendOf(code: string | undefined): { readonly step: string; readonly text: string } | undefined {
  return code === undefined ? undefined : MENDS[code];
}

export function findStep(name: string | null | undefined): Step | undefined {
  return STEPS.find((step) => step.name === name);
}

export function stepAfter(step: Step): Step | undefined {
  return STEPS[STEPS.indexOf(step) + 1];
}
