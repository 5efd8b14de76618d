/** The same keys as the English texts, each with a text of its own. */
export type Like<T> = { readonly [K in keyof T]: T[K] extends string ? string : Like<T[K]> };
