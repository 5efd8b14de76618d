import type { Like } from "../types";
import type en from "./en";

const zh: Like<typeof en> = {
  unreachable: "服务器没有响应，可能正在重启：页面会自动重试",
};

export default zh;
