/** Where there is no room for the groups beside one of them. */
export const ONE_AT_A_TIME = "(max-width: 899px)";
