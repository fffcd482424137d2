// Other windows of this browser: what one of them stored, the others hear at once.

/** @import { ReviewData } from "./types.js" */
/** @typedef {{ token: string, key: string, review: ReviewData | null }} Message */

const CHANNEL = "whylight-verdicts";

export class Windows {
  /**
   * Calls `heard(message)` for what another window tells.
   * @param {(message: Message) => void} heard
   */
  constructor(heard) {
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
    this.channel?.addEventListener("message", ({ data }) => heard(data));
  }

  /** @param {Message} message */
  tell(message) {
    this.channel?.postMessage(message);
  }
}
