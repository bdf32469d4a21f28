/** The account flow as data: one step is one ready tab. */

export type FactName = "captchaId" | "captchaText" | "mobile" | "smsCode" | "password";

export interface Step {
  /** The operation's name: GraphiQL shows it on the tab, and a tab is found again by it. */
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly query: string;
  readonly variables: string;
  /** What this step's variables have in common with other steps', and where in the variables it stands. */
  readonly facts: Partial<Record<FactName, readonly string[]>>;
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
    hint: "Send six digits to a mobile, for the text in the picture.",
    query: `# 2. Send a code to the mobile.
#    This spends the picture's text,
#    be it right or wrong.
mutation SmsCode($input: SendSmsCodeInput!) {
  sendSmsCode(input: $input) {
    resendAvailableAt
    expiresAt
${ERRORS}
  }
}
`,
    variables: variables({ input: { mobile: MOBILE, captchaId: "", captchaText: "" } }),
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
];

/** Where a refusal leads: the step that mends it. */
const MENDS: Readonly<Record<string, { readonly step: string; readonly text: string }>> = {
  CAPTCHA_EXPIRED: { step: "Captcha", text: "Ask for a new picture" },
  CAPTCHA_WRONG: { step: "Captcha", text: "Ask for a new picture" },
  SMS_CODE_EXPIRED: { step: "Captcha", text: "Ask for a new code: a picture first" },
  MOBILE_TAKEN: { step: "SignIn", text: "This mobile has an account: sign in →" },
  UNAUTHENTICATED: { step: "SignIn", text: "Sign in first →" },
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
