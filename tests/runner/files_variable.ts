/** Names the variable with the files that together.ts loads, as JSON. */
export const filesVariable = "DESYNC_TEST_FILES";
