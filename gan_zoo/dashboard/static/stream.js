// News of the runs: one stream of events, and questions every few seconds where a stream does not come through.
//
// follow(take) calls take({ version, whole, ready, gone, rows }) for what there is and for every change. While the tab is
// hidden, the stream is closed: a browser opens only six connections to a server, and a page that nobody sees needs none.
const PAUSE = 5000; // milliseconds between questions where the stream fails
const PATIENCE = 4000; // milliseconds after which a stream that has said nothing counts as failed

export function follow(take, tell) {
  let version = 0;
  let source = null;
  let timer = null;
  let streams = false; // whether the stream has ever said something

  function receive(text) {
    const news = JSON.parse(text);
    version = news.version;
    tell("");
    take(news);
  }

  async function ask() {
    try {
      const answer = await fetch(`api/runs?after=${version}`);
      if (!answer.ok) throw new Error(answer.statusText);
      receive(await answer.text());
    } catch {
      tell("The server does not answer.");
    }
    if (source && !streams) timer = setTimeout(ask, PAUSE);
  }

  function open() {
    if (source) return;
    source = new EventSource(`api/events?after=${version}`);
    source.onmessage = (event) => {
      streams = true;
      clearTimeout(timer);
      receive(event.data);
    };
    source.onopen = () => tell("");
    source.onerror = () => {
      tell("The server does not answer.");
      if (source?.readyState === EventSource.CLOSED) retry();
    };
    if (!streams) timer = setTimeout(ask, PATIENCE);
  }

  // A stream that the browser has given up, as after an error of a proxy, is opened anew.
  function retry() {
    close();
    timer = setTimeout(open, PAUSE);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => document.hidden || open());
  if (!document.hidden) open();
}
