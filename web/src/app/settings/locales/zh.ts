import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  title: "设置",
  state: "保存后立即在所有节点生效。其中许多项可在分组中覆盖。",
  search: "搜索设置",
  nothing: "没有与“{q}”相关的设置",
  notSaved: "未保存",
  changed: "已修改",
  on: "开",
  off: "关",
  empty: "空",
  needed: "此项不能为空",
  default: "默认 {value}",
  limits: "{min} 到 {max}",
  perGroup: "分组可覆盖",
  reset: "恢复默认",
  undo: "撤销",
  unsaved: "{count} 项设置尚未保存",
  save: "保存 {count} 项设置",
  discard: "放弃",
  unit: { seconds: "秒", minutes: "分钟", days: "天", percent: "%" },
  leave: { title: "不保存就离开？", text: "以下改动将会丢失：", action: "放弃 {count} 项改动" },
  proxyKeys: {
    label: "代理密钥",
    one: "代理密钥",
    none: "至少需要一个密钥",
    type: "输入或粘贴密钥",
    add: "添加密钥",
    generate: "生成密钥",
    remove: "移除 {key}",
  },
};

export default zh;
