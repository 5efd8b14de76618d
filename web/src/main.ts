import "./ui/tokens.css";
import "./ui/base.css";

import { VueQueryPlugin } from "@tanstack/vue-query";
import { createPinia } from "pinia";
import { createApp } from "vue";

import { queryClient } from "./api/queries";
import App from "./app/App.vue";
import { router } from "./app/router";
import { i18n, startLocale } from "./locales";

const app = createApp(App).use(createPinia()).use(VueQueryPlugin, { queryClient }).use(i18n).use(router);

await startLocale();
app.mount("#app");
