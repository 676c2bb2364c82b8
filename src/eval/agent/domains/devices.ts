/** Lights, heating, doors, music. */

import type { Intent } from "../intent.ts";
import { booleanOf, enumOf, integersFrom, oneOf, TEXT, WORD } from "../values/kinds.ts";
import { inventWord } from "../values/names.ts";
import { numberValue, stringKind, stringValue } from "../values/value.ts";

const ROOMS = "kitchen bedroom hallway bathroom office garage cellar attic nursery library studio lounge".split(" ");
const DEVICES = "lamp heater fan printer router camera television speaker oven kettle dishwasher pump".split(" ");

const ROOM = {
  key: "room",
  names: ["room", "area", "zone"],
  about: "(Which room|The room)",
  kind: stringKind((draw) => (draw.chance(0.7) ? draw.pick(ROOMS) : inventWord(draw))),
  ask: "In which room?",
  reply: "(In the {room}|The {room}|{room})",
} as const;

const DEVICE = {
  key: "device",
  names: ["device", "device_name", "appliance"],
  about: "(Which device|Name of the device)",
  kind: stringKind((draw) => (draw.chance(0.7) ? draw.pick(DEVICES) : inventWord(draw))),
  ask: "Which device?",
  reply: "(The {device}|{device})",
} as const;

const DONE = "Done, the {room} is {status}.";

export const DEVICE_CONTROL: readonly Intent[] = [
  {
    concept: "switch_device",
    names: ["switch_device", "set_device", "control_device", "device_power"],
    about: "(Switch a device on or off|Turn a device on or off)",
    slots: [
      DEVICE,
      {
        key: "state",
        names: ["state", "power", "action"],
        about: "(on or off)",
        kind: {
          schema: () => ({ type: "string", enum: ["on", "off"] }),
          make: (draw) => stringValue(draw.pick(["on", "off"])),
        },
      },
    ],
    clauses: ["(turn|switch) {state} the {device}", "(turn|switch) the {device} {state}"],
    followUp: { slot: "device", phrase: "(And the|Also the|Now the) {device}." },
    results: () => ({ ok: stringValue("switched") }),
    answer: "The {device} is {ok} {state}.",
  },
  {
    concept: "set_light",
    names: ["set_light", "set_lights", "dim_lights", "light_level", "set_brightness"],
    about: "(Set the lights of a room|Brightness of the lights in a room)",
    slots: [
      ROOM,
      {
        key: "level",
        names: ["brightness", "level", "percent"],
        about: "(Brightness from 0 to 100|Percent)",
        kind: integersFrom(0, 100),
        ask: "How bright?",
        reply: "({level}|{level} percent)",
      },
      {
        key: "color",
        names: ["color", "colour"],
        about: "(Color of the light)",
        kind: enumOf(["red", "green", "blue", "white", "warm", "yellow", "purple"]),
        optional: true,
      },
    ],
    clauses: [
      "(set|dim) the lights in the {room}[ to {level} percent][ in {color}]",
      "(set|change) the {room} lights[ to {level}][, color {color}]",
      "set the light[ in the {room}] to {level}[, {color}]",
    ],
    results: (draw) => ({ status: stringValue(draw.pick(["set", "dimmed", "changed"])) }),
    answer: DONE,
  },
  {
    concept: "set_temperature",
    names: ["set_temperature", "set_thermostat", "set_heating", "thermostat"],
    about: "(Set the heating of a room|Set the thermostat)",
    slots: [
      ROOM,
      {
        key: "degrees",
        names: ["temperature", "degrees", "target"],
        about: "(Degrees wanted|Target temperature)",
        kind: integersFrom(14, 28),
        ask: "To how many degrees?",
        reply: "({degrees}|{degrees} degrees)",
      },
    ],
    clauses: [
      "set the (heating|thermostat) in the {room}[ to {degrees} degrees]",
      "(heat|warm) the {room} to {degrees} degrees",
      "set the (heating|thermostat)[ in the {room}] to {degrees}",
    ],
    followUp: { slot: "room", phrase: "(And the|The same in the) {room}." },
    results: (draw) => ({ current: numberValue(draw.int(10, 26)) }),
    answer: "Set to {degrees}; the {room} has {current} degrees now.",
  },
  {
    concept: "lock_door",
    names: ["lock_door", "door_lock", "set_lock"],
    about: "(Lock or unlock a door|Set the lock of a door)",
    slots: [
      {
        key: "door",
        names: ["door", "door_name"],
        about: "(Which door)",
        kind: oneOf(["front", "back", "garage", "garden", "cellar", "side", "office", "main"]),
        ask: "Which door?",
        reply: "(The {door} door|{door})",
      },
      {
        key: "locked",
        names: ["locked", "lock"],
        about: "(true locks it|Whether it is locked)",
        kind: booleanOf("lock", "unlock"),
      },
    ],
    clauses: ["{locked} the door", "{locked} the {door} door"],
    results: (draw) => ({ battery: numberValue(draw.int(5, 100)) }),
    answer: "Done, the lock's battery is at {battery} percent.",
  },
  {
    concept: "play_music",
    names: ["play_music", "play_song", "play", "start_music"],
    about: "(Play music|Play a song)",
    slots: [
      {
        key: "song",
        names: ["song", "title", "track"],
        about: "(What to play|Title of the song)",
        kind: TEXT,
        ask: "Which song?",
        reply: '({song}|"{song}")',
      },
      { ...ROOM, optional: true },
      {
        key: "volume",
        names: ["volume", "loudness"],
        about: "(Volume from 0 to 100)",
        kind: integersFrom(1, 100),
        optional: true,
      },
    ],
    clauses: [
      'play (the song |)"{song}"[ in the {room}][ at volume {volume}]',
      "play a song[ called {song}][ in the {room}][, volume {volume}]",
    ],
    results: (draw) => ({
      artist: stringValue(draw.fresh(() => inventWord(draw), String)),
      seconds: numberValue(draw.int(90, 400)),
    }),
    answer: "Playing {song} by {artist}.",
  },
  {
    concept: "start_scene",
    names: ["activate_scene", "start_scene", "run_scene"],
    about: "(Start a scene|Activate a scene of the home)",
    slots: [
      {
        key: "scene",
        names: ["scene", "scene_name", "mode"],
        about: "(Name of the scene)",
        kind: WORD,
        ask: "Which scene?",
        reply: "({scene}|The scene {scene})",
      },
    ],
    clauses: ["(start|activate|run) the scene[ {scene}]", "(start|activate) the {scene} scene"],
    results: (draw) => ({ devices: numberValue(draw.int(2, 14)) }),
    answer: "The scene {scene} runs on {devices} devices.",
  },
  {
    concept: "read_sensor",
    names: ["read_sensor", "get_sensor", "sensor_value"],
    about: "(Read a sensor|Value of a sensor in a room)",
    slots: [
      {
        key: "sensor",
        names: ["sensor", "type", "kind"],
        about: "(Which sensor)",
        kind: enumOf(["humidity", "motion", "smoke", "noise", "pressure", "light"], 3),
      },
      ROOM,
    ],
    clauses: ["(read|check) the {sensor} sensor[ in the {room}]"],
    questions: ["What does the {sensor} sensor[ in the {room}] (say|show)?"],
    followUp: { slot: "room", phrase: "(And in|What about) the {room}?" },
    results: (draw) => ({ value: numberValue(draw.int(1, 99)) }),
    answer: "The {sensor} sensor shows {value}.",
  },
];
