/** All English texts: those of the features beside what is common. English is the type of the other languages. */
import shell from "@/app/shell/locales/en";
import login from "@/app/login/locales/en";
import dashboard from "@/app/dashboard/locales/en";
import keys from "@/app/keys/locales/en";
import groups from "@/app/groups/locales/en";
import groupForm from "@/app/groups/form/locales/en";
import connect from "@/app/groups/connect/locales/en";
import logs from "@/app/logs/locales/en";
import security from "@/app/security/locales/en";
import settings from "@/app/settings/locales/en";
import tasks from "@/app/tasks/locales/en";
import ui from "@/ui/locales/en";

import error from "./common/en";
import type { Like } from "./types";

const en = {
  shell,
  login,
  dashboard,
  keys,
  groups,
  groupForm,
  connect,
  logs,
  security,
  settings,
  tasks,
  ui,
  error,
} as const;

export type Messages = Like<typeof en>;

export default en satisfies Messages as Messages;
