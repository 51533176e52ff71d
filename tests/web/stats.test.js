import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Statistics, verdictOf } from '../../bridge/hub/web/stats.js';
import { reportText, sparkTexts, startupText, statsRows, verdictText } from '../../bridge/hub/web/texts.js';
import { createStore } from '../../bridge/hub/web/store.js';
import { FakeClock } from './fake-clock.js';

const live = { id: 'cam', name: 'live', way: 'hub', late: 1 };

function setUp() {
  const clock = new FakeClock();
  const device = { id: 'cam', live: true, viewers: 2, bitrate: 1940000, skipped_tags: 5, dropped_viewers: 1,
    video: { codec: 'h264' }, audio: { codec: 'aac', rate: 16000 } };
  const store = createStore({ session: live, devices: [device], stats: null });
  const measured = { bytes: 0, shown: 0, dropped: 0, width: 1920, height: 1080, codec: 'H.264', sound: 'player', aheadS: 0.12, lateS: 0.4, startup: { way: 'hub', ms: [38, 22, 64] } };
  const asked = [];
  const statistics = new Statistics(store, clock, () => ({ ...measured }), async (id) => {
    asked.push(id);
    return device;
  });
  const flow = async (seconds, more = {}) => {
    for (let i = 0; i < seconds; i++) {
      measured.bytes += more.bytes ?? 250000;
      measured.shown += 25;
      measured.dropped += more.dropped ?? 0;
      await clock.run(1000);
    }
  };
  return { clock, store, device, measured, asked, statistics, flow, stats: () => store.get().stats };
}

describe('Statistics', () => {
  it('measures only while open, a minute of it', async () => {
    const { clock, statistics, flow, stats, asked } = setUp();
    await clock.run(5000);
    assert.deepEqual([stats(), asked.length], [null, 0]);
    statistics.setOpen(true);
    await flow(70);
    assert.equal(stats().samples.length, 60);
    assert.deepEqual(stats().samples.at(-1), { mbit: 2, frames: 25, dropped: 0, lateS: 0.4, aheadS: 0.12 });
    assert.ok(asked.length >= 35);
    statistics.setOpen(false);
    const before = asked.length;
    await flow(5);
    assert.deepEqual([stats(), asked.length], [null, before]);
  });

  it('takes a new stream for no loss', async () => {
    const { measured, statistics, flow, stats } = setUp();
    statistics.setOpen(true);
    await flow(3);
    measured.bytes = measured.shown = 0;
    await flow(3);
    assert.ok(stats().samples.every(({ mbit }) => mbit >= 0));
  });

  it('finds the right word', async () => {
    const { device, measured, statistics, flow, stats } = setUp();
    statistics.setOpen(true);
    await flow(4);
    assert.equal(stats().verdict.kind, 'healthy');
    device.skipped_tags += 12;
    await flow(4);
    assert.deepEqual(stats().verdict, { kind: 'skipping', value: 12 });
    measured.lateS = 3.25;
    await flow(1);
    assert.deepEqual(stats().verdict, { kind: 'behind', value: 3.25 });
    const samples = Array.from({ length: 20 }, () => ({ frames: 15, dropped: 10, lateS: 0 }));
    assert.equal(verdictOf(live, { samples, skippedMinute: 0, dropped: 200 }).kind, 'busy');
    assert.equal(verdictOf(live, { samples: samples.slice(10), skippedMinute: 0, dropped: 100 }).kind, 'healthy');
    assert.equal(verdictOf({ name: 'offline' }, { samples: [], skippedMinute: 0, dropped: 0 }).kind, 'none');
    assert.equal(verdictOf({ name: 'connecting' }, { samples: [], skippedMinute: 0, dropped: 0 }).kind, 'connecting');
  });

  it('keeps the states of the last five minutes, and when a picture was last there', async () => {
    const { clock, store, statistics, stats } = setUp();
    store.set({ session: { id: 'cam', name: 'stalled' } });
    await clock.run(400000);
    store.set({ session: { id: 'cam', name: 'offline' } });
    assert.deepEqual(statistics.history.map(({ name }) => name), ['stalled', 'offline']);
    statistics.setOpen(true);
    assert.ok(stats().lastPicture > 0);
    assert.match(verdictText(stats(), { name: 'offline' }).body, /^Last picture \d.+ See the reason on the picture\.$/);
  });
});

describe('the texts of the statistics', () => {
  it('say what the hub says, and nothing that is not known', async () => {
    const { device, statistics, flow, stats } = setUp();
    statistics.setOpen(true);
    await flow(3);
    const rows = Object.fromEntries(statsRows(stats(), device, live).flatMap(([, list]) => list));
    assert.equal(rows['Delay, camera to screen'], 'unknown');
    assert.equal(rows.Watching, '2');
    assert.equal(rows['From the camera'], '1.94 Mbit/s');
    assert.equal(rows['Skipped for slow viewers'], '5 pieces');
    assert.equal(rows['Let go, took nothing'], '1 viewer');
    assert.equal(rows['Waiting here'], '120 ms');
    assert.equal(rows.Video, 'H.264, 1920 × 1080');
    assert.equal(rows.Sound, 'AAC, 16 kHz');
    assert.deepEqual(sparkTexts(stats(), live).map(({ value, unit }) => `${value} ${unit}`), ['0.4 s', '2.00 Mbit/s', '25.0 a second']);
    assert.equal(startupText(stats().startup).title, 'First picture in 124 ms');
    assert.equal(startupText(null), null);
    const fromOlderHub = statsRows(stats(), { viewers: 1 }, live).flatMap(([, list]) => list).map(([name]) => name);
    assert.ok(!fromOlderHub.includes('Skipped for slow viewers'));
  });

  it('make a report without a token, and without addresses unless they are asked for', async () => {
    const { device, statistics, flow, stats } = setUp();
    statistics.setOpen(true);
    await flow(3);
    const about = { stats: stats(), session: live, device, history: statistics.history, browser: 'Test' };
    const plain = reportText({ ...about, address: null });
    assert.match(plain, /^Camspan viewer, 2026-11-21T/);
    assert.match(plain, /Healthy: Through the hub, nothing skipped in the last minute\./);
    assert.match(plain, /States of the last 5 minutes\n {2}2026-\S+ cam live\n/);
    assert.doesNotMatch(plain, /https?:/);
    assert.match(reportText({ ...about, address: 'https://hub.example' }), /Page: https:\/\/hub\.example$/);
  });
});

describe('the statistics of a direct connection', () => {
  const camera = { loss: 0.002, 'frames-dropped-late': 1, 'frames-dropped-overflow': 0, 'frames-dropped-lifetime': 2 };
  const direct = { ...live, way: 'direct' };

  it('tell the way, its delay, what is lost and what the camera skipped', async () => {
    const { measured, statistics, flow, stats } = setUp();
    Object.assign(measured, { way: 'direct', protocol: 'UDP', roundTripMs: 41, camera, startup: { way: 'direct', ms: [10, 20, 30, 40, 50] } });
    statistics.setOpen(true);
    await flow(3);
    const rows = Object.fromEntries(statsRows(stats(), undefined, direct).flatMap(([, list]) => list));
    assert.deepEqual([rows.How, rows['Round trip'], rows.Lost], ['Direct, UDP', '41 ms', '0.2 %']);
    assert.deepEqual([rows['Too late'], rows.Full, rows.Expired], ['1 picture', '0 pictures', '2 pictures']);
    assert.deepEqual(startupText(stats().startup).steps.map(([name, text]) => `${name} ${text}`), ['Asking the camera 10 ms',
      'Finding a path 20 ms', 'Securing 30 ms', 'Opening the stream 40 ms', 'Waiting for a picture 50 ms']);
    assert.equal(verdictText(stats(), direct).body, 'Direct path, nothing lost in the last minute.');
    measured.way = 'relay';
    await flow(1);
    assert.equal(verdictText(stats(), direct).body, 'Relayed path, nothing lost in the last minute.');
  });

  it('say nothing of what the camera does not tell', async () => {
    const { measured, statistics, flow, stats } = setUp();
    Object.assign(measured, { way: 'direct', protocol: 'TCP', roundTripMs: null, camera: null });
    statistics.setOpen(true);
    await flow(2);
    const rows = Object.fromEntries(statsRows(stats(), undefined, direct).flatMap(([, list]) => list));
    assert.deepEqual([rows.How, rows['Round trip'], rows.Lost, rows.Expired], ['Direct, TCP', 'unknown', 'unknown', undefined]);
  });

  it('find who is to blame', async () => {
    const { measured, statistics, flow, stats } = setUp();
    Object.assign(measured, { way: 'direct', protocol: 'UDP', roundTripMs: 41, camera });
    statistics.setOpen(true);
    await flow(3);
    assert.equal(stats().verdict.kind, 'healthy');
    measured.camera = { ...camera, 'frames-dropped-overflow': 12 };
    await flow(1);
    assert.equal(verdictText(stats(), direct).body, 'It skipped 12 pictures: its own upload is full.');
    measured.camera = { ...measured.camera, loss: 0.031 };
    await flow(1);
    assert.equal(verdictText(stats(), direct).body, '3 % lost on the way: weak network between you and the camera.');
    measured.way = 'relay';
    await flow(1);
    assert.equal(verdictText(stats(), direct).body, '3 % lost on the way: weak network between you and the relay.');
    measured.camera = { ...measured.camera, 'loss-bitrate': 340000, 'too-lossy': true };
    await flow(1);
    assert.deepEqual(verdictText(stats(), direct), { tone: 'warn', title: 'Slow network',
      body: 'What is lost on the way leaves 0.34 Mbit/s.' });
    measured.camera = { ...camera, loss: 0 };
    await flow(1);
    assert.equal(stats().verdict.kind, 'healthy', 'the camera counts anew');
  });
});
