export default {
  unreachable: "The server does not answer. It may be restarting: this page tries again by itself",
} as const;
