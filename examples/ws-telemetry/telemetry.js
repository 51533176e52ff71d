// Reads the notifications of wsstreamsink encoding=json-meta.
const camera = new URLSearchParams(location.search).get('camera') ?? 'ws://127.0.0.1:8080/appdata';
const retryMs = 2000;
const heights = { 1: 0.15, 2: 1, 3: 0.5, 4: 0.25, 5: 0.15 }; // by kind: config, key, delta, audio, script

const put = (id, text) => { document.getElementById(id).textContent = text; };
const say = (state, text) => {
  document.documentElement.dataset.state = state;
  document.querySelector('[role=status]').textContent = text;
};

const canvas = document.querySelector('canvas');
const pen = canvas.getContext('2d');
const bar = (kind) => {
  const height = heights[kind] * canvas.height;
  pen.drawImage(canvas, -3, 0);
  pen.clearRect(canvas.width - 3, 0, 3, canvas.height);
  pen.fillStyle = getComputedStyle(canvas).color;
  pen.fillRect(canvas.width - 2, canvas.height - height, 2, height);
};

let units = 0;
let missed = 0;
let next;
let recent = [];

const show = ({ k, pts, seq }) => {
  units += 1;
  if (next !== undefined) missed += Math.max(0, seq - next);
  next = seq + 1;
  const now = performance.now();
  recent = [...recent.filter((time) => time > now - 1000), now];
  put('units', units);
  put('missed', missed);
  put('rate', recent.length);
  if (pts !== null) put('time', `${(pts / 1e9).toFixed(2)} s`);
  bar(k);
};

const connect = () => {
  const socket = new WebSocket(camera);
  socket.onmessage = ({ data }) => {
    const { data: unit } = JSON.parse(data);
    if (unit.t === 'init') {
      put('caps', unit.caps);
      next = undefined;
      say('live', `Connected to ${camera}`);
    } else {
      show(unit);
    }
  };
  socket.onclose = ({ code }) => {
    say('waiting', `No connection to ${camera} (${code}). Trying again…`);
    setTimeout(connect, retryMs);
  };
};
connect();
