// Leaving the program.

import { ActionButton, ActionError } from "../components";
import { request } from "../http";
import { h } from "../render";
import { endSession } from "../session";
import { navigate, showToast, state } from "../state";
import { program, t } from "../words";
import { CancelButton, Sheet } from "./sheet";

async function leave(): Promise<void> {
  await request("my-balance/leave", {});
  endSession();
  navigate({});
  showToast(t("left"));
}

export const LeaveSheet = () => <Sheet title={t("leave_confirm", { program })}>
  <p class="m">{t("leave_more", { n: state.balance!.available })}</p>
  <ActionError place="leave" />
  <div class="wide">
    <ActionButton place="leave" look="go" run={leave}>{t("leave", { program })}</ActionButton>
    <CancelButton />
  </div>
</Sheet>;
