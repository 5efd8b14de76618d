import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  title: "任务",
};

export default zh;
