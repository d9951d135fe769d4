import { mount } from "svelte";
import App from "./App.svelte";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/board.css";
import "./styles/lesson.css";

const target = document.getElementById("page");
if (target) {
  target.replaceChildren();
  mount(App, { target });
}
