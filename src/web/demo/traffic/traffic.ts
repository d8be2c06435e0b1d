/** The messages of one transport since the page was opened. */
export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export class TrafficCounter implements Traffic {
  sent = 0;
  received = 0;

  get total(): Traffic {
    return { sent: this.sent, received: this.received };
  }
}
