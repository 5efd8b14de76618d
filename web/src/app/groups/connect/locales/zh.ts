import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  title: "接入 {group}",
  about: "客户端需要此地址，并用代理密钥代替服务商的密钥。",
  base: "基础地址",
  key: "代理密钥",
  own: "仅本分组",
  global: "所有分组",
  copyKey: "复制密钥",
  show: "显示密钥",
  noKey: "没有可用于本分组的代理密钥：请在分组中设置，或在系统设置中设置全局代理密钥。",
  clients: "客户端",
  copy: "复制",
  note: "密钥也可以通过 x-api-key、x-goog-api-key、api-key 或 ?key= 传入。一个账号保存的内容（文件、批处理、之前的响应）其他账号看不到：此类工作请放入只有一个密钥的分组。",
  try: "试调用 {group}",
  tryAbout: "用测试模型 {model} 和下一个可用密钥发起一次真实调用，可能产生极少的费用。",
  again: "再次调用",
  answered: "{time} 后返回 {status}，使用密钥 {key}",
  unanswered: "{time} 后仍无响应，使用密钥 {key}",
  request: "发往服务商",
  response: "响应",
};

export default zh;
