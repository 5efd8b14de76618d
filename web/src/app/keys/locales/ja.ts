import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  title: "キー",
};

export default ja;
