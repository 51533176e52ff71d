// Shows the stream of the camera that this page came from, over WebSocket, and goes on by itself after a loss.
const video = document.querySelector('video');
const status = document.querySelector('[role=status]');
const retryMs = 2000;

const say = (state, text) => {
  document.documentElement.dataset.state = state;
  status.textContent = text;
};

// A page opened with a token shows it to the stream, too.
const address = async () => {
  const { path } = await (await fetch('/player.json')).json();
  const url = new URL(path, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const token = new URLSearchParams(location.search).get('token');
  if (token) url.searchParams.set('token', token);
  return url.href;
};

const play = async () => {
  const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: await address() },
    { liveBufferLatencyChasing: true, liveBufferLatencyMaxLatency: 1.5, liveBufferLatencyMinRemain: 0.3 });
  let over = false;
  const again = (text) => {
    if (over) return;
    over = true;
    say('waiting', text);
    setTimeout(() => {
      player.destroy();
      start();
    }, retryMs);
  };
  player.on(mpegts.Events.ERROR, () => again('No connection. Trying again…'));
  player.on(mpegts.Events.LOADING_COMPLETE, () => again('The stream has ended. Waiting for the next…'));
  player.attachMediaElement(video);
  player.load();
  await player.play();
};

const start = () => play().catch((problem) => {
  if (document.documentElement.dataset.state !== 'waiting') say('stopped', String(problem.message ?? problem));
});

video.addEventListener('playing', () => say('live', 'Live'));
if (globalThis.mpegts?.isSupported()) start();
else say('stopped', 'This browser cannot play the stream.');
