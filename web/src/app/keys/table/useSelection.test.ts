import { expect, it } from "vitest";
import { nextTick, ref } from "vue";

import type { Key } from "@/api/types";

import type { KeyFilter } from "../keyFilter";
import { useSelection } from "./useSelection";

const key = (id: number) => ({ id, key_value: `sk-${id}` }) as Key;
const ids = (of: ReturnType<typeof useSelection>) => ("keys" in of.target.value ? of.target.value.keys.map(({ id }) => id) : "all");

function setUp() {
  const filter = ref<KeyFilter>({ status: "all", q: "", range: undefined });
  const rows = ref([key(1), key(2)]);
  const selection = useSelection(() => 7, filter, rows, ref(5));
  return { filter, rows, selection };
}

it("keeps what was chosen on other pages", () => {
  const { rows, selection } = setUp();
  selection.ids.value = new Set([2]);
  rows.value = [key(3), key(4)];
  selection.ids.value = new Set([2, 4]);
  expect(ids(selection)).toEqual([2, 4]);
  expect(selection.count.value).toBe(2);
});

it("offers all that match once the page is chosen whole", () => {
  const { filter, selection } = setUp();
  selection.ids.value = new Set([1]);
  expect(selection.canChooseAll.value).toBe(false);
  selection.ids.value = new Set([1, 2]);
  expect(selection.canChooseAll.value).toBe(true);
  selection.chooseAll();
  expect(selection.count.value).toBe(5);
  expect(selection.target.value).toEqual({ filter: filter.value, count: 5 });
});

it("comes down from all to the rest of the page when one is let go of", () => {
  const { selection } = setUp();
  selection.ids.value = new Set([1, 2]);
  selection.chooseAll();
  selection.ids.value = new Set([1]);
  expect(ids(selection)).toEqual([1]);
});

it("begins anew with another filter", async () => {
  const { filter, selection } = setUp();
  selection.ids.value = new Set([1]);
  filter.value = { ...filter.value, status: "invalid" };
  await nextTick();
  expect(selection.count.value).toBe(0);
});
