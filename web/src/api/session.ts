import { defineStore } from "pinia";
import { computed, ref } from "vue";

const STORED = "gpt-load.auth-key";

/** The admin key that every call carries. It stays in this browser until one signs out. */
export const useSession = defineStore("session", () => {
  const key = ref(localStorage.getItem(STORED) ?? "");

  function open(authKey: string) {
    key.value = authKey;
    localStorage.setItem(STORED, authKey);
  }

  function close() {
    key.value = "";
    localStorage.removeItem(STORED);
  }

  return { key, isOpen: computed(() => key.value !== ""), open, close };
});
