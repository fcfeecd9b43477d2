// The sheet with the member's code for the till, QR codes and barcodes.

import type { Barcode, QrCode, TillCode } from "../../api";
import { Code } from "../components";
import { request } from "../http";
import { h } from "../render";
import { set, type TillSheet as Shown } from "../state";
import { t } from "../words";
import { CancelButton, Sheet } from "./sheet";

export const Qr = ({ of: { size, path }, label }: { of: QrCode; label: string }) =>
  <svg class="qr" id="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}><path d={path} /></svg>;

const Bars = ({ width, height, path }: Barcode) =>
  <svg class="bars" viewBox={`0 0 ${width} ${height}`} aria-hidden="true"><path d={path} /></svg>;

export async function openTill(): Promise<void> {
  set({ sheet: { kind: "till", ...await request<TillCode>("till-code", {}) } });
}

export const TillSheet = ({ code, qr, barcode }: Shown) => <Sheet title={t("till")}>
  <Qr of={qr} label={t("till")} />
  <Bars {...barcode} />
  <Code text={code} label={t("copy_code", { code })} />
  <div class="wide"><CancelButton /></div>
</Sheet>;
