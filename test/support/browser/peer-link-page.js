/**
 * Runs in a page, as text: one end of a peer-to-peer connection with a data channel. Descriptions are exchanged whole, with
 * all candidates in them. `LinkEnd` in peer-link.ts is its type.
 */
globalThis.linkEnd = {
  received: { bytes: 0, firstAt: 0, lastAt: 0 },
  /** The states of ICE so far, for a failure's message. */
  states: [],

  /** Makes an offer, or answers one. */
  async open({ iceServers, policy, offer }) {
    const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: policy });
    this.connection = connection;
    connection.addEventListener("iceconnectionstatechange", () => this.states.push(connection.iceConnectionState));
    connection.addEventListener("icecandidateerror", ({ url, errorCode, errorText }) =>
      this.states.push(`${url}: ${errorCode} ${errorText}`),
    );
    this.opened = new Promise((resolve) => {
      const use = (channel) => {
        channel.binaryType = "arraybuffer";
        channel.addEventListener("message", ({ data }) => this.take(data));
        if (channel.readyState === "open") resolve(channel);
        else channel.addEventListener("open", () => resolve(channel));
      };
      connection.addEventListener("datachannel", ({ channel }) => use(channel));
      if (offer === undefined) use(connection.createDataChannel("data"));
    });
    if (offer !== undefined) await connection.setRemoteDescription(offer);
    await connection.setLocalDescription();
    await this.gathered(connection);
    const { type, sdp } = connection.localDescription;
    return { type, sdp };
  },

  /** Where UDP is blocked the browser gathers for 40 s: the candidates of the first seconds are enough. */
  async gathered(connection) {
    const enough = new Promise((resolve) => setTimeout(resolve, 4_000));
    const complete = new Promise((resolve) => {
      const look = () => connection.iceGatheringState === "complete" && resolve();
      connection.addEventListener("icegatheringstatechange", look);
      look();
    });
    await Promise.race([complete, enough]);
  },

  async accept(answer) {
    await this.connection.setRemoteDescription(answer);
  },

  /** Whether the data channel opens in time. */
  async opens(limitMs) {
    const late = new Promise((resolve) => setTimeout(() => resolve(false), limitMs));
    return Promise.race([this.opened.then(() => true), late]);
  },

  async send(total) {
    const channel = await this.opened;
    const chunk = new Uint8Array(16_384);
    channel.bufferedAmountLowThreshold = 256 * 1_024;
    for (let sent = 0; sent < total; sent += chunk.byteLength) {
      if (channel.bufferedAmount > 1_024 * 1_024) {
        await new Promise((resolve) => channel.addEventListener("bufferedamountlow", resolve, { once: true }));
      }
      channel.send(chunk);
    }
  },

  /** The rate, in bytes per second, at which so many bytes have arrived. */
  async rate(total) {
    const { received } = this;
    while (received.bytes < total) await new Promise((resolve) => setTimeout(resolve, 20));
    return (received.bytes * 1_000) / (received.lastAt - received.firstAt);
  },

  /** The candidate pair that is in use. Firefox marks it as selected, others name it in the transport. */
  async route() {
    const report = await this.connection.getStats();
    const all = [...report.values()];
    const named = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
    const pair = report.get(named) ?? all.find(({ type, selected }) => type === "candidate-pair" && selected);
    const [local, remote] = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)];
    return { types: [local?.candidateType, remote?.candidateType], relayProtocol: local?.relayProtocol };
  },

  take(data) {
    const { received } = this;
    received.lastAt = performance.now();
    received.firstAt ||= received.lastAt;
    received.bytes += data.byteLength;
  },
};
