import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  title: "タスク",
};

export default ja;
