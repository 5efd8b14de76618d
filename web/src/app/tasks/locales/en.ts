export default {
  title: "Task",
  running: {
    KEY_IMPORT: "Importing keys into {group}",
    KEY_DELETE: "Deleting keys of {group}",
    KEY_VALIDATION: "Validating keys of {group}",
  },
  done: "{done} of {total}",
  rate: "{rate}/s",
  left: "{time} left",
  ended: {
    imported: "Imported into {group}: {added_count} added, {ignored_count} ignored",
    deleted: "Deleted from {group}: {deleted_count} keys; {ignored_count} not found",
    validated: "Validated {group}: {valid_keys} of {total_keys} keys are good, {invalid_keys} failed",
  },
  failed: "The task on {group} broke off: {error}",
  took: "in {time}",
  report: "What was ignored",
  ignored: {
    title: "Ignored entries",
    text: "The first 1,000 entries that the last import did not take.",
    line: "Line",
    key: "Key",
    reason: "Why",
    blank: "Blank",
    repeated_in_text: "Repeated in the same text",
    already_in_group: "Already in the group",
  },
} as const;
