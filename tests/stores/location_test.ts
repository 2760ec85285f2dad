/** How locations are taken apart. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  isPath,
  parseIndexLocation,
  parseLocation,
  schemeOf,
  urlOfIndex,
} from "../../src/stores/location.ts";

Deno.test("what begins with a scheme is a URL, everything else a path", () => {
  for (const url of ["http://h/x", "HTTPS://h", "s3+http://h/b", "ssh://me@h/x", "x-y.z://"]) {
    strictEqual(isPath(url), false, url);
  }
  for (const path of ["", "x", "/x", "C://x", "c:\\x", "a:b", "me@h:/x", "./http://h", "ht tp://h", "://x"]) {
    strictEqual(schemeOf(path), "", path);
  }
  strictEqual(schemeOf("S3+HTTPS://h"), "s3+https");
});

Deno.test("a group of stores has its members between bars", () => {
  deepStrictEqual(parseLocation("a"), ["a"]);
  deepStrictEqual(parseLocation("http://h/a|/b|c"), ["http://h/a", "/b", "c"]);
});

Deno.test("an index is a name in a store, and both give the location again", () => {
  const urls: [location: string, store: string, name: string][] = [
    ["http://h/a/b.caibx", "http://h/a/", "b.caibx"],
    ["http://h/b.caibx?x=/y/z#/w", "http://h/?x=/y/z#/w", "b.caibx"],
    ["http://u:p@h:1/a%2Fb/c%20d?", "http://u:p@h:1/a%2Fb/?", "c%20d"],
    ["http://h/a/", "http://h/a/", ""],
    ["http://h/", "http://h/", ""],
    ["x+y://h//b", "x+y://h//", "b"],
  ];
  for (const [location, store, name] of urls) {
    deepStrictEqual(parseIndexLocation(location), { store, name });
    strictEqual(urlOfIndex(store, name), location);
  }
  // Nothing is a name where no path is.
  for (const location of ["http://h", "http://h?/x", "http://h#a/b"]) {
    deepStrictEqual(parseIndexLocation(location), { store: location, name: "" });
  }
  strictEqual(urlOfIndex("http://h/a?sig", "b"), "http://h/a/b?sig");
  for (const path of ["x", "./x", "/x", "//x", "a/b/x", "a\\x", "../x?y#z"]) {
    const { store, name } = parseIndexLocation(path);
    strictEqual(store + name, path);
    strictEqual(name, path.startsWith("..") ? "x?y#z" : "x");
  }
});
