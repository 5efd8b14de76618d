export default {
  title: "Sign in",
  heading: "GPT-Load",
  text: "Sign in with the AUTH_KEY of this server.",
  key: "AUTH_KEY",
  enter: "Sign in",
  show: "Show the key",
  hide: "Hide the key",
  wrong: "This is not the AUTH_KEY of this server. It stands in its .env file or environment.",
  away: "The server does not answer. Check that it is running, then try again.",
} as const;
