/** A shop's orders, goods and customers. */

import type { Intent } from "../intent.ts";
import { COUNT, DATE, decimal, EMAIL, enumOf, PERSON, PRODUCT } from "../values/kinds.ts";
import { idText } from "../values/names.ts";
import { numberValue, stringValue } from "../values/value.ts";
import { ORDER } from "./slots.ts";

const STATES = "shipped packed delivered delayed returned paid pending".split(" ");
const GOODS = {
  key: "product",
  names: ["product", "item", "article", "product_name"],
  about: "(Name of the product|The product)",
  kind: PRODUCT,
  ask: "Which product?",
  reply: "(The {product}|{product})",
} as const;

const QUANTITY = {
  key: "quantity",
  names: ["quantity", "count", "number", "amount"],
  about: "(How many|Number of pieces)",
  kind: COUNT,
  ask: "How many?",
  reply: "({quantity}|{quantity} of them)",
} as const;

export const ORDERS: readonly Intent[] = [
  {
    concept: "order_status",
    names: ["get_order", "order_status", "track_order", "get_order_status", "lookup_order"],
    about: "(Status of an order|Look up an order|Track an order by its id)",
    slots: [ORDER],
    clauses: [
      "(track|look up|check) (my order|order|the order)[ {order}]",
      "(show|tell) me the status of (my order|order)[ {order}]",
    ],
    questions: ["Where is (my order|order)[ {order}]?", "What is the status of order {order}?"],
    followUp: { slot: "order", phrase: "(And|What about|And order) {order}?" },
    results: (draw) => ({ status: stringValue(draw.pick(STATES)), expected: DATE.make(draw, {}) }),
    answer: "Order {order} is {status}, expected {expected}.",
  },
  {
    concept: "place_order",
    names: ["place_order", "create_order", "buy", "order_product", "new_order"],
    about: "(Order a product|Place an order|Buy a product)",
    slots: [
      GOODS,
      QUANTITY,
      {
        key: "customer",
        names: ["customer", "name", "customer_name"],
        about: "(Who orders|The customer)",
        kind: PERSON,
        optional: true,
      },
      {
        key: "delivery",
        names: ["shipping", "delivery", "method"],
        about: "(How it is sent)",
        kind: enumOf(["standard", "express", "overnight", "pickup"]),
        optional: true,
      },
    ],
    clauses: [
      "order {quantity} of the {product}[ for {customer}][ with {delivery} delivery]",
      "(buy|order) the {product}[, quantity {quantity}][ for {customer}][, {delivery} shipping]",
      "(buy|order) {quantity} pieces of {product}[, customer {customer}][, {delivery}]",
    ],
    results: (draw) => ({ order_id: stringValue(idText(draw)), total: numberValue(decimal(draw, 900)) }),
    answer: "Done: order {order_id}, {total} in all.",
  },
  {
    concept: "cancel_order",
    names: ["cancel_order", "order_cancel", "stop_order"],
    about: "(Cancel an order|Stop an order)",
    slots: [ORDER],
    clauses: ["(cancel|stop) (my order|order|the order)[ {order}]"],
    results: () => ({ status: stringValue("cancelled") }),
    answer: "Order {order} is {status}.",
  },
  {
    concept: "refund",
    names: ["refund_order", "create_refund", "refund"],
    about: "(Refund an order|Pay money back)",
    slots: [
      ORDER,
      {
        key: "sum",
        names: ["amount", "sum", "value"],
        about: "(How much to pay back)",
        kind: { schema: () => ({ type: "number" }), make: (draw) => numberValue(decimal(draw, 500)) },
        optional: true,
      },
    ],
    clauses: [
      "refund (order|my order)[ {order}][, amount {sum}]",
      "(pay back|refund) {sum} for order {order}",
      "give me a refund for order {order}[ of {sum}]",
    ],
    results: (draw) => ({ refund: stringValue(`RF${draw.int(100, 9999)}`) }),
    answer: "Refund {refund} is created.",
  },
  {
    concept: "stock",
    names: ["check_stock", "get_stock", "stock_level", "product_stock"],
    about: "(How many of a product are in stock|Check the stock of a product)",
    slots: [GOODS],
    clauses: ["(check|show me) the stock[ of the {product}]"],
    questions: ["(Is the|Do you have the) {product} in stock?", "How many of the {product} are in stock?"],
    followUp: { slot: "product", phrase: "(And the|What about the) {product}?" },
    results: (draw) => ({ stock: numberValue(draw.int(0, 400)) }),
    answer: "There are {stock} in stock.",
  },
  {
    concept: "price",
    names: ["get_price", "product_price", "price_of"],
    about: "(Price of a product|Look up a price)",
    slots: [GOODS],
    clauses: ["(tell|show) me the price[ of the {product}]"],
    questions: ["(How much is the|What does it cost, the) {product}?", "What is the price of the {product}?"],
    followUp: { slot: "product", phrase: "(And the|What about the) {product}?" },
    results: (draw) => ({
      price: numberValue(decimal(draw, 900)),
      currency: stringValue(draw.pick(["EUR", "USD", "GBP"])),
    }),
    answer: "It costs {price} {currency}.",
  },
  {
    concept: "find_customer",
    names: ["find_customer", "get_customer", "lookup_customer"],
    about: "(Find a customer by e-mail|Look up a customer)",
    slots: [
      {
        key: "email",
        names: ["email", "email_address", "mail"],
        about: "(The customer's e-mail)",
        kind: EMAIL,
        ask: "What is the e-mail address?",
        reply: "({email}|It is {email})",
      },
    ],
    clauses: [
      "(find|look up) the customer[ (with e-mail|with the address) {email}]",
      "(find|look up) {email} in our customers",
    ],
    results: (draw) => ({ name: PERSON.make(draw, {}), customer_id: stringValue(idText(draw)) }),
    answer: "That is {name}, customer {customer_id}.",
  },
];
