// The administrator's page: the sites, and what somebody should look at.

learn(ADMIN_TEXTS);

const VIEWS = {
  '': main => { tab('sites'); return showSites(main); },
  sites: main => { tab('sites'); return showSites(main); },
  arrivals: main => { tab('to.check'); return showArrivals(main); },
};
const TABS = [['sites', '#/sites'], ['to.check', '#/arrivals'], ['to.reader', './']];
