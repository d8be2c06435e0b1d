/** The server answered a request with an error. */
export class TurnError extends Error {
  override readonly name = "TurnError";
  /** The code of the ERROR-CODE attribute, such as 401; 0 if the answer has none. */
  readonly code: number;

  constructor(code: number, reason: string) {
    super(`The server answered ${code} ${reason}`.trimEnd());
    this.code = code;
  }
}

/** The server has not answered a request in time. */
export class TurnTimeout extends Error {
  override readonly name = "TurnTimeout";
}

/** The connection to the server has ended, or its port is closed. */
export class TurnDisconnected extends Error {
  override readonly name = "TurnDisconnected";
}
