/// <reference types="vite/client" />

/** The version of the program. */
declare const __VERSION__: string;
