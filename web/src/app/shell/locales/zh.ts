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
    open: "打开当前行",
    select: "选择当前行",
    close: "关闭弹出内容",
    help: "显示本帮助",
  },
  away: "服务器没有响应。当前内容可能已过时；恢复后页面会自动继续。",
  lacking: {
    database: "数据库没有响应。请求依靠内存中的数据照常处理，日志暂存在磁盘上；恢复之前无法保存任何改动，统计数字也不会更新。",
    redis: "Redis 没有响应。请求照常处理；恢复之前，节点之间通过数据库同步变更，会延迟几秒。",
  },
};

export default zh;
