// Other windows of this browser: what one of them stored, the others hear at once.

const CHANNEL = "whylight-verdicts";

export class Windows {
  /** Calls `heard(message)` for what another window tells. */
  constructor(heard) {
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
    this.channel?.addEventListener("message", ({ data }) => heard(data));
  }

  tell(message) {
    this.channel?.postMessage(message);
  }
}
