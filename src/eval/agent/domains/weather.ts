/** Weather, and the sun. */

import type { Intent } from "../intent.ts";
import { DAY, CITY } from "./slots.ts";
import { enumOf, integersFrom, TIME } from "../values/kinds.ts";
import { numberValue, stringValue } from "../values/value.ts";

const SKIES = "sunny cloudy rainy windy foggy clear stormy snowy overcast".split(" ");
const UNITS = enumOf(["celsius", "fahrenheit", "metric", "imperial"]);

const UNIT = {
  key: "unit",
  names: ["unit", "units", "scale"],
  about: "(Unit of the temperature|The scale)",
  kind: UNITS,
  optional: true,
} as const;

export const WEATHER: readonly Intent[] = [
  {
    concept: "weather_now",
    names: ["get_weather", "weather", "current_weather", "weather_now", "check_weather"],
    about: "(Get the current weather|The weather of a place now|Current weather in a city)",
    slots: [CITY, UNIT],
    clauses: [
      "(show|tell|give) me the weather[ in {city}][ in {unit}]",
      "check the weather[ (in|for) {city}][ in {unit}]",
    ],
    questions: [
      "(What is|What's|How is) the weather[ (in|like in) {city}][ in {unit}]?",
      "(Is it warm|Do I need a coat|Is it raining) in {city}[, in {unit}]?",
    ],
    followUp: { slot: "city", phrase: "(And in|What about|And|How about) {city}?" },
    results: (draw) => ({ temperature: numberValue(draw.int(-15, 38)), condition: stringValue(draw.pick(SKIES)) }),
    answer: "It is {temperature} degrees and {condition} in {city}.",
  },
  {
    concept: "weather_forecast",
    names: ["get_forecast", "weather_forecast", "forecast", "daily_forecast"],
    about: "(Forecast for a day|Weather forecast of a place|The forecast for a city on a day)",
    slots: [CITY, { ...DAY, optional: false }, UNIT],
    clauses: [
      "(show|give) me the forecast for {city}[ (on|for) {date}][ in {unit}]",
      "get the forecast[ for {city}] on {date}[ in {unit}]",
    ],
    questions: ["(What is|What's) the forecast for {city}[ on {date}][ in {unit}]?"],
    followUp: { slot: "date", phrase: "(And on|What about|And) {date}?" },
    results: (draw) => ({
      high: numberValue(draw.int(5, 38)),
      low: numberValue(draw.int(-15, 4)),
      sky: stringValue(draw.pick(SKIES)),
    }),
    answer: "{city} on {date}: {sky}, between {low} and {high} degrees.",
  },
  {
    concept: "air_quality",
    names: ["air_quality", "get_air_quality", "air_quality_index"],
    about: "(Air quality of a city|The air quality index)",
    slots: [CITY],
    clauses: ["(check|show me|get) the air quality[ in {city}]"],
    questions: ["(How is|What is) the air quality[ in {city}]?"],
    followUp: { slot: "city", phrase: "(And in|What about|And) {city}?" },
    results: (draw) => ({ index: numberValue(draw.int(5, 240)) }),
    answer: "The air quality index in {city} is {index}.",
  },
  {
    concept: "sunrise",
    names: ["sunrise_time", "get_sunrise", "sunrise"],
    about: "(When the sun rises|Time of sunrise)",
    slots: [CITY, { ...DAY, optional: true }],
    clauses: ["(tell|show) me the sunrise[ in {city}][ on {date}]"],
    questions: ["When (does the sun rise|is sunrise)[ in {city}][ on {date}]?"],
    results: (draw) => ({ sunrise: TIME.make(draw, {}) }),
    answer: "The sun rises at {sunrise}.",
  },
  {
    concept: "wind",
    names: ["get_wind", "wind_speed", "wind"],
    about: "(Wind speed at a place|The wind in a city)",
    slots: [CITY],
    clauses: ["(check|show me|get) the wind[ speed in {city}]"],
    questions: ["How (strong|fast) is the wind[ in {city}]?"],
    results: (draw) => ({ speed: integersFrom(1, 110).make(draw, {}) }),
    answer: "The wind blows at {speed} km/h.",
  },
];
