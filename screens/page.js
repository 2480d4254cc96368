/* What the pages do in the browser by themselves: cards and a panel for citations, copying, jumping to
the newest answer, shortcuts, announcements. Runs once a tab; reads what Python wrote into the page
(classes and data-attributes that begin with kb) and never talks to the server. */
(() => {
  if (window.kbPage) return;
  window.kbPage = true;
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = name => find('#kb-words')?.dataset[name] ?? '';
  const make = (tag, name, more = {}) => Object.assign(document.createElement(tag), {className: name}, more);

  // Announcements: the region must stand there before its text changes.
  const region = make('div', 'kb-unseen');
  region.setAttribute('aria-live', 'polite');
  region.setAttribute('role', 'status');
  document.body.append(region);
  const say = text => { region.textContent = ''; requestAnimationFrame(() => { region.textContent = text; }); };

  // A citation's proof: the nearest one around its number.
  const proofOf = link => {
    const number = /^\[(\d+)\]$/.exec(link.textContent.trim())?.[1];
    if (!number) return null;
    for (let around = link.parentElement; around && around !== document.body; around = around.parentElement) {
      const proofs = find('.kb-proofs', around);
      if (proofs) return {number, proofs, card: find(`.kb-card-data[data-n="${number}"]`, proofs)};
    }
    return null;
  };
  const citation = target => target instanceof Element ? target.closest('[data-testid="stMarkdownContainer"] a[title]') : null;

  const card = make('div', 'kb-card', {id: 'kb-card', hidden: true});
  card.setAttribute('role', 'tooltip');
  document.body.append(card);
  let carded = null, waiting = 0;
  const showCard = link => {
    const proof = proofOf(link);
    if (!proof?.card || carded === link) return;
    link.setAttribute('title', '');  // the card says more
    card.innerHTML = proof.card.innerHTML;
    card.lang = proof.card.lang;
    card.hidden = false;
    const at = link.getBoundingClientRect(), size = card.getBoundingClientRect();
    const above = at.top - size.height - 8;
    card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    card.style.top = `${above > 8 ? above : at.bottom + 8}px`;
    link.setAttribute('aria-describedby', 'kb-card');
    carded = link;
  };
  const hideCard = () => {
    clearTimeout(waiting);
    carded?.removeAttribute('aria-describedby');
    carded = null;
    card.hidden = true;
  };
  document.addEventListener('pointerover', event => {
    if (event.pointerType === 'touch') return;
    const link = citation(event.target);
    if (link) { clearTimeout(waiting); waiting = setTimeout(() => showCard(link), 120); }
    else if (!card.contains(event.target)) { clearTimeout(waiting); waiting = setTimeout(hideCard, 150); }
    else clearTimeout(waiting);
  });
  document.addEventListener('focusin', event => {
    const link = citation(event.target);
    if (link?.matches(':focus-visible')) showCard(link); else hideCard();
  });
  document.addEventListener('scroll', hideCard, true);

  // The panel: beside the page, on a narrow screen a sheet over its lower part.
  const panel = make('aside', 'kb-panel', {hidden: true, tabIndex: -1});
  document.body.append(panel);
  let opener = null;
  const closePanel = () => {
    if (panel.hidden) return;
    panel.hidden = true;
    document.documentElement.classList.remove('kb-beside');
    opener?.focus({preventScroll: true});
    opener = null;
  };
  const openPanel = (proof, from) => {
    opener = from;
    panel.setAttribute('aria-label', words('sources'));
    const close = make('button', 'kb-close', {type: 'button', textContent: '×'});
    close.setAttribute('aria-label', words('close'));
    close.addEventListener('click', closePanel);
    const head = make('div', 'kb-panel-head');
    head.append(make('h2', '', {textContent: words('sources')}), close);
    const body = proof.proofs.cloneNode(true);
    panel.replaceChildren(head, body);
    panel.hidden = false;
    document.documentElement.classList.add('kb-beside');
    all('mark[data-n]', body).forEach(mark => mark.classList.toggle('kb-here', mark.dataset.n === proof.number));
    const here = find(`mark[data-n="${proof.number}"]`, body);
    here?.closest('section')?.scrollIntoView({block: 'start'});
    panel.focus({preventScroll: true});
  };
  document.addEventListener('click', event => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = citation(event.target);
    const proof = link && proofOf(link);
    if (!proof?.card) return;
    event.preventDefault();
    event.stopPropagation();
    hideCard();
    openPanel(proof, link);
  }, true);

  // Copying, also where the page is not served safely and the browser gives no clipboard.
  const copy = async text => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* as below */ }
    const box = make('textarea', 'kb-unseen', {value: text});
    document.body.append(box);
    box.select();
    const done = document.execCommand('copy');
    box.remove();
    return done;
  };
  document.addEventListener('click', async event => {
    const button = event.target instanceof Element ? event.target.closest('[data-kb-copy]') : null;
    if (!button) return;
    const text = words((await copy(button.dataset.kbCopy)) ? 'copied' : 'uncopied');
    const before = button.dataset.kbLabel ??= button.textContent;
    button.textContent = text;
    say(text);
    setTimeout(() => { button.textContent = before; }, 2000);
  });

  // To the newest answer.
  const newest = make('button', 'kb-newest', {type: 'button', hidden: true});
  document.body.append(newest);
  const last = () => all('[class*="st-key-exchange-"]').at(-1);
  newest.addEventListener('click', () => { last()?.scrollIntoView({behavior: 'smooth'}); find('[data-testid="stChatInputTextArea"]')?.focus({preventScroll: true}); });
  const seeNewest = () => {
    const end = last();
    newest.textContent = `↓ ${words('newest')}`;
    newest.hidden = !end || all('[class*="st-key-exchange-"]').length < 2 || end.getBoundingClientRect().top < innerHeight;
  };
  document.addEventListener('scroll', seeNewest, true);

  // What must stay in sight while the page still grows, until the person scrolls or types: an answer
  // from its beginning ('start'; Streamlit would follow its end), the choices of a question back.
  // Python names it in window.kbKept: at a reload that script may run before this one.
  const keepInView = () => {
    const kept = window.kbKept, element = kept && find(kept.selector), main = find('.stMain');
    if (!element || !main) return;
    const box = element.getBoundingClientRect();
    if (kept.block === 'start') {
      const top = main.getBoundingClientRect().top + (parseFloat(getComputedStyle(main).scrollPaddingTop) || 0);
      if (Math.abs(box.top - top) > 24) element.scrollIntoView({block: 'start'});
      return;
    }
    const field = find('[data-testid="stBottom"]')?.getBoundingClientRect().top ?? innerHeight;
    if (box.top < 130 || box.bottom > field) element.scrollIntoView({block: 'center'});
  };
  const grown = new ResizeObserver(keepInView);
  window.kbKeepInView = () => {
    grown.disconnect();
    all('.stMain, .block-container').forEach(element => grown.observe(element));
    keepInView();
  };
  document.addEventListener('scroll', () => requestAnimationFrame(keepInView), true);
  ['wheel', 'touchmove', 'pointerdown', 'keydown'].forEach(name => document.addEventListener(name, () => { window.kbKept = null; }, true));
  window.kbKeepInView();

  // Shortcuts.
  const typing = target => target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"]');
  document.addEventListener('keydown', event => {
    const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
    const input = find('[data-testid="stChatInputTextArea"]');
    if (key === 'escape') { if (!card.hidden) hideCard(); else closePanel(); }
    else if (input && ((key === '/' && !command && !typing(event.target)) || (key === 'k' && command && !event.shiftKey))) {
      event.preventDefault();
      input.focus();
    } else if (key === 'o' && command && event.shiftKey) {
      event.preventDefault();
      find('.st-key-new_chat button')?.click();
    } else if (key === 'arrowup' && event.target === input && !input.value) {
      const edit = all('[class*="st-key-edit_"] button').at(-1);
      if (edit) { event.preventDefault(); edit.click(); }
    }
  });

  // On a phone the sidebar lies over the page: it goes when something in it was chosen, and at a reload.
  const shut = () => {
    if (innerWidth < 768) find('[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click();
  };
  document.addEventListener('click', event => {
    if (event.target instanceof Element && event.target.closest('[class*="st-key-open_"] button, .st-key-new_chat button')) setTimeout(shut, 50);
  });
  shut();

  // What changes with the page: languages of answers, Streamlit's own words, announcements.
  const own = {
    stChatInputSubmitButton: 'send', stChatInputStopButton: 'stop',
    stExpandSidebarButton: 'open', stSidebarCollapseButton: 'shut', stMainMenuButton: 'menu',
  };
  let announced = '';
  const follow = () => {
    all('[class*="st-key-answer-ja-"]').forEach(e => { e.lang = 'ja'; });
    all('[class*="st-key-answer-en-"]').forEach(e => { e.lang = 'en'; });
    for (const [id, name] of Object.entries(own)) {
      const element = find(`[data-testid="${id}"]`);
      const button = element?.matches('button') ? element : element && find('button', element);
      if (button && words(name)) button.setAttribute('aria-label', words(name));
    }
    all('.stCode pre, .kb-paste, .kb-grid, [data-testid="stMarkdownContainer"] table').forEach(e => { if (e.scrollHeight > e.clientHeight || e.scrollWidth > e.clientWidth) e.tabIndex = 0; });
    const saying = all('.kb-say').at(-1)?.dataset.say ?? '';
    if (saying !== announced) { announced = saying; if (saying) say(saying.split('|').at(-1)); }
    if (opener && !opener.isConnected) closePanel();
    const language = find('#kb-words')?.dataset.address;
    const address = new URL(location.href);
    if (language && address.searchParams.get('language') !== language) {
      address.searchParams.set('language', language);
      history.replaceState(history.state, '', address);
    }
    seeNewest();
  };
  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; follow(); });
  }).observe(document.body, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-say', 'data-address']});
  follow();
})();
