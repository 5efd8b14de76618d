import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  title: "任务",
  running: {
    KEY_IMPORT: "正在将密钥导入 {group}",
    KEY_DELETE: "正在删除 {group} 的密钥",
    KEY_VALIDATION: "正在验证 {group} 的密钥",
  },
  done: "{done} / {total}",
  rate: "{rate}/秒",
  left: "剩余 {time}",
  ended: {
    imported: "已导入 {group}：新增 {added_count} 个，忽略 {ignored_count} 个",
    deleted: "已从 {group} 删除 {deleted_count} 个密钥；{ignored_count} 个未找到",
    validated: "已验证 {group}：{total_keys} 个密钥中 {valid_keys} 个可用，{invalid_keys} 个失败",
  },
  failed: "{group} 的任务中断：{error}",
  took: "用时 {time}",
  report: "查看被忽略的内容",
  ignored: {
    title: "被忽略的内容",
    text: "上次导入未采用的内容，最多显示前 1,000 条。",
    line: "行",
    key: "密钥",
    reason: "原因",
    blank: "空白",
    repeated_in_text: "在同一文本中重复",
    already_in_group: "分组中已存在",
  },
};

export default zh;
