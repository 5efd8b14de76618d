import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  pages: "页面",
  skip: "跳到页面内容",
  dashboard: "概览",
  keys: "密钥",
  logs: "日志",
  settings: "设置",
  language: "语言",
  theme: { label: "主题", system: "跟随系统", light: "浅色", dark: "深色" },
  signOut: "退出登录",
  shortcuts: {
    title: "键盘快捷键",
    dashboard: "概览",
    keys: "密钥",
    logs: "日志",
    settings: "设置",
    search: "搜索",
    down: "下一行",
    up: "上一行",
    open: "打开所在行",
    select: "选择所在行",
    close: "关闭弹出内容",
    help: "显示本帮助",
  },
  away: "服务器没有响应。当前内容可能已过时；恢复后页面会自动继续。",
};

export default zh;
