export default {
  title: "Task",
} as const;
