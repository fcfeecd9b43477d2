// A sheet that lies over the panel until it is closed.

import { ActionButton, Toast } from "../components";
import { h, type Child } from "../render";
import { set } from "../state";
import { t } from "../words";

export const closeSheet = () => set({ sheet: undefined, error: undefined });

export const CancelButton = () => <ActionButton look="txt" run={closeSheet}>{t("cancel")}</ActionButton>;

export const Sheet = ({ title, children }: { title: string; children: Child }) =>
  <dialog key={title} aria-labelledby="sheet" onCancel={(event) => { event.preventDefault(); closeSheet(); }}
    onClick={(event) => { if (event.target === event.currentTarget) closeSheet(); }}>
    <h2 id="sheet" tabIndex={-1} autofocus>{title}</h2>
    {children}
    <Toast />
  </dialog>;
