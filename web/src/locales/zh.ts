import shell from "@/app/shell/locales/zh";
import login from "@/app/login/locales/zh";
import dashboard from "@/app/dashboard/locales/zh";
import keys from "@/app/keys/locales/zh";
import groups from "@/app/groups/locales/zh";
import groupForm from "@/app/groups/form/locales/zh";
import connect from "@/app/groups/connect/locales/zh";
import logs from "@/app/logs/locales/zh";
import security from "@/app/security/locales/zh";
import settings from "@/app/settings/locales/zh";
import tasks from "@/app/tasks/locales/zh";
import ui from "@/ui/locales/zh";

import error from "./common/zh";
import type { Messages } from "./en";

const zh: Messages = {
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
};

export default zh;
