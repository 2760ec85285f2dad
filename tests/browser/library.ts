/** What the page of the tests has of the library, in one bundle. */
export * from "../../mod.ts";
export * from "../../src/browser/mod.ts";
