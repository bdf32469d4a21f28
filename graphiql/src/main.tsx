import "./heldStyles"; // before anything makes a style
import "./editorWorkers";
import "graphiql/style.css";
import "./gateway.css";

import { createRoot } from "react-dom/client";

import { App } from "./App";

const root = document.getElementById("graphiql");
if (root === null) throw new Error("The page has no element #graphiql.");
createRoot(root).render(<App />);
