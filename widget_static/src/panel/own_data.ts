// Exports for the member: their data as a file, and their link to share.

import { copyWithToast } from "./components";
import { request } from "./http";

/** Shares the link with the device's share dialog; copies it where that fails. */
export async function shareLink(url: string, text: string): Promise<void> {
  try {
    await navigator.share({ text, url });
  } catch (error) {
    if ((error as Error).name !== "AbortError") await copyWithToast(url);
  }
}

/** Downloads all data that the server stores about the member. Throws Refused. */
export async function downloadData(): Promise<void> {
  const data = await request<object>("my-balance/export");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  link.download = "loyalty.json";
  link.click();
  URL.revokeObjectURL(link.href);
}
