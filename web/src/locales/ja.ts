import shell from "@/app/shell/locales/ja";
import login from "@/app/login/locales/ja";
import dashboard from "@/app/dashboard/locales/ja";
import keys from "@/app/keys/locales/ja";
import groups from "@/app/groups/locales/ja";
import groupForm from "@/app/groups/form/locales/ja";
import connect from "@/app/groups/connect/locales/ja";
import logs from "@/app/logs/locales/ja";
import security from "@/app/security/locales/ja";
import settings from "@/app/settings/locales/ja";
import tasks from "@/app/tasks/locales/ja";
import ui from "@/ui/locales/ja";

import error from "./common/ja";
import type { Messages } from "./en";

const ja: Messages = {
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

export default ja;
