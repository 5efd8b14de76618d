import type { Like } from "@/locales/types";

import type en from "./en";

const ja: Like<typeof en> = {
  none: "グループがありません",
  noneText: "グループは 1 つのプロバイダーのキーを 1 つのアドレスにまとめます。",
};

export default ja;
