import { GosWsDataApi } from './streams.js';

const part = (id) => document.getElementById(id);
const device = GosWsDataApi();
let pictures = 0;
let shown = null;  // address of the picture on screen

function say(text) {
  part('state').textContent = text;
}

function show(jpeg) {
  const address = URL.createObjectURL(new Blob([jpeg], { type: 'image/jpeg' }));
  part('picture').src = address;
  if (shown) URL.revokeObjectURL(shown);
  shown = address;
  part('count').textContent = String(++pictures);
}

function readSettings() {
  device.read('settings', (ok, settings) => {
    if (!ok) return say(settings);
    const form = part('settings');
    form.elements.name.value = settings.name;
    form.elements.paused.checked = settings.paused;
    part('name').textContent = settings.name;
    part('clients').textContent = String(settings.clients);
  });
}

part('settings').addEventListener('submit', (event) => {
  event.preventDefault();
  const { name, paused } = event.target.elements;
  device.write('settings', { name: name.value, paused: paused.checked }, (ok, error) => {
    say(ok ? 'Saved' : error);
    if (ok) readSettings();
  }, 5000);
});

device.register('image', show);
device.onConnected = () => {
  say('Connected');
  readSettings();
};
device.onDisconnected = () => say('The camera is gone; trying again…');
device.open(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`);
