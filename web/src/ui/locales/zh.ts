import type { Like } from "@/locales/types";

import type en from "./en";

const zh: Like<typeof en> = {
  close: "关闭",
  cancel: "取消",
  save: "保存",
  dismiss: "关闭提示",
  retry: "重试",
  loading: "加载中",
  failed: "加载失败",
  nothingFound: "没有匹配项",
  chosen: "已选",
  state: { active: "可用", cooling: "冷却中", invalid: "失效", disabled: "已停用" },
  copy: { copy: "复制", what: "复制{what}", done: "已复制", failed: "浏览器不允许复制，请选中文本后手动复制" },
  secret: { show: "显示", hide: "隐藏" },
  confirm: { typeName: "输入“{name}”以继续" },
  number: { missing: "请输入数字", atLeast: "不小于 {min} 的整数", between: "{min} 到 {max} 之间的整数" },
  pager: { label: "列表分页", none: "没有记录", range: "第 {first}–{last} 条，共 {total} 条", about: "约 {total}", previous: "上一页", next: "下一页" },
  table: { select: "选择此行", selectAll: "选择本页所有行", sortBy: "按{column}排序", empty: "暂无内容" },
};

export default zh;
