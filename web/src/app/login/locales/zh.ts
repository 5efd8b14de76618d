import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  title: "登录",
  heading: "GPT-Load",
  text: "使用本服务器的 AUTH_KEY 登录。",
  key: "AUTH_KEY",
  enter: "登录",
  show: "显示密钥",
  hide: "隐藏密钥",
  wrong: "这不是本服务器的 AUTH_KEY。它写在服务器的 .env 文件或环境变量中。",
  away: "服务器没有响应。请确认它正在运行，然后重试。",
};

export default zh;
