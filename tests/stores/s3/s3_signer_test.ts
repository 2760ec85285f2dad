/** Signatures, against the examples that AWS publishes: in its test suite of version 4, and in S3's reference. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { encodedKey, S3Signer, sha256Hex } from "../../../src/stores/s3/s3_signer.ts";

const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const suite = new S3Signer(
  { accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
  "us-east-1",
  "service",
);
/** aws-sig-v4-test-suite: each request is of 2015-08-30 12:36. */
const suiteCases: [name: string, method: string, target: string, signature: string][] = [
  ["get-vanilla", "GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
  ["post-vanilla", "POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  [
    "get-vanilla-query-order-key-case",
    "GET",
    "/?Param2=value2&Param1=value1",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
];
Deno.test("signatures of AWS's test suite", async () => {
  for (const [name, method, target, signature] of suiteCases) {
    const url = new URL(target, "https://example.amazonaws.com");
    const signed = await suite.sign(
      { method, url, headers: {}, bodyDigest: empty },
      Date.UTC(2015, 7, 30, 12, 36),
    );
    strictEqual(signed["x-amz-date"], "20150830T123600Z");
    strictEqual(
      signed.authorization,
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
        `SignedHeaders=host;x-amz-date, Signature=${signature}`,
      name,
    );
  }
});

Deno.test("what others may change on the way is sent, and not signed", async () => {
  const url = new URL("https://example.amazonaws.com/");
  const request = { method: "GET", url, headers: { "accept-encoding": "identity" }, bodyDigest: empty };
  const signed = await suite.sign(request, Date.UTC(2015, 7, 30, 12, 36));
  strictEqual(signed["accept-encoding"], "identity");
  match(signed.authorization, new RegExp(`SignedHeaders=host;x-amz-date, Signature=${suiteCases[0][3]}$`));
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const s3 = new S3Signer(
  { accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
  "us-east-1",
);
Deno.test("signatures of the examples in S3's reference", async () => {
  const sign = async (method: string, target: string, headers: Record<string, string> = {}, body = "") => {
    const bodyDigest = await sha256Hex(new TextEncoder().encode(body));
    const url = new URL(target, "https://examplebucket.s3.amazonaws.com");
    const all = { ...headers, "x-amz-content-sha256": bodyDigest };
    const signed = await s3.sign({ method, url, headers: all, bodyDigest }, Date.UTC(2013, 4, 24));
    return /Signature=(.*)/.exec(signed.authorization)![1];
  };
  deepStrictEqual(
    [
      await sign("GET", "/test.txt", { range: "bytes=0-9" }),
      await sign(
        "PUT",
        `/${encodedKey("test$file.text")}`,
        { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
        "Welcome to Amazon S3.",
      ),
      await sign("GET", "/?lifecycle"),
      await sign("GET", "/?max-keys=2&prefix=J"),
    ],
    [
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  );
});

Deno.test("a session's token is signed, and a key of another day is another key", async () => {
  const signer = new S3Signer({ accessKey: "a", secretKey: "s", sessionToken: "t" }, "eu-west-1");
  const request = { method: "GET", url: new URL("http://h:81/b/k"), headers: {}, bodyDigest: empty };
  const first = await signer.sign(request, 0);
  strictEqual(first["x-amz-security-token"], "t");
  match(first.authorization, /=a\/19700101\/eu-west-1\/s3\/.*=host;x-amz-date;x-amz-security-token,/);
  match((await signer.sign(request, 86_400_000)).authorization, /=a\/19700102\//);
  deepStrictEqual(await signer.sign(request, 0), first);
});

Deno.test("keys are encoded as they are signed", () => {
  strictEqual(encodedKey("a b/ü+~*'()!&=%"), "a%20b/%C3%BC%2B~%2A%27%28%29%21%26%3D%25");
});
