// Follows a verification as it runs; without this the page loads itself anew.
"use strict";
(() => {
  const run = document.getElementById("run");
  if (!run || !window.EventSource) {
    return;
  }
  const rows = [...run.querySelectorAll("[data-endpoint]")];
  const source = new EventSource(run.dataset.events);
  let patience = 5;

  const count = () => {
    const done = rows.filter((row) => "done" in row.dataset).length;
    document.getElementById("done").textContent = String(done);
    document.getElementById("progress").value = done;
  };

  source.addEventListener("endpoint", (event) => {
    const said = JSON.parse(event.data);
    const row = rows.find(
      (one) => one.dataset.endpoint === said.endpoint && one.dataset.server === said.server
    );
    if (!row) {
      return;
    }
    row.dataset.done = "";
    const state = row.querySelector(".state");
    state.textContent = said.state;
    state.className = `state is-${said.state}`;
    count();
  });
  source.addEventListener("finished", () => {
    source.close();
    document.getElementById("running").textContent = "Finished.";
    window.location.reload();
  });
  // The stream ends early where the session or the domain does; the page itself says which.
  source.addEventListener("error", () => {
    patience -= 1;
    if (source.readyState === EventSource.CLOSED || patience <= 0) {
      source.close();
      window.setTimeout(() => window.location.reload(), 2000);
    }
  });
})();
