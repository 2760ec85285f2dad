/** verify: every chunk of a local store. */
import { casyncStore, ours, peer, systemFiles } from "./data.ts";
import { compare } from "./measure.ts";

/** Runs this comparison. */
export async function benchVerify(): Promise<void> {
  const { store } = await casyncStore("big", await systemFiles("big", 1_190_000_000));
  await compare("verify the store of 1.19 GB", [
    { name: "ours", command: [...ours, "verify", "-s", store] },
    { name: "desync", command: [peer("desync"), "verify", "-s", store] },
  ]);
}
