import type { Like } from "../types";
import type en from "./en";

const ja: Like<typeof en> = {
  unreachable: "サーバーが応答しません。再起動中の可能性があります。自動的に再試行します",
};

export default ja;
